def get(request):
    return bytes(range(256))
