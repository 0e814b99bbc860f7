from answers import fortunes


def get(request):
    return request.html("html/fortunes.html", fortunes=fortunes())
