def get(request):
    return request.text(f"{request.method} {request.scheme} {request.ip}")
