# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def post(request):
    return request.json(
        {
            "name": request.form.get("name"),
            "all": request.form.getlist("name"),
            "blank": request.form.get("blank"),
            "query": request.form.get("q"),
        }
    )
