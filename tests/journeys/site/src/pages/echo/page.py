# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


def post(request):
    body = request.body
    return request.json({"length": len(body), "start": body[:20].decode("latin-1")})
