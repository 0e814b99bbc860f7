def get(request):
    return request.send_file(request.query.get("file", "ten.txt"), filename=request.query.get("as"))
