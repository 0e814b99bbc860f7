def get(request):
    return "home"
