def get(request):
    request.session["user"] = "alice"
    request.session["cart"] = [1, 2, 3]
    return "in"
