from asok import Form


class Upload(Form):
    title = Form.text("Title", "required|min:3")
    photo = Form.image("Photo", "required|ext:png,jpg|size:1M")


async def render(request):
    form = Upload(request)
    if await form.validate_async():
        saved = await form.data["photo"].save_async("photos/")
        return request.html("_done.html", url=saved.url)
    return request.html("page.html", form=form)
