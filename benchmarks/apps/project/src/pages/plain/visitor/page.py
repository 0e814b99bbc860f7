from answers import ITEMS


def get(request):
    return request.html("html/page.html", user=request.session["user"], items=ITEMS, name="alice")
