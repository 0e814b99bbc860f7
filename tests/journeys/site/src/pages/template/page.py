def get(request):
    request.meta.title("Set <late>").description("About it")
    return request.html("page.html", things=["a", "<b>"], user={"name": "Ada"})
