def get(request):
    return None
