import time


def pieces():
    for number in range(5):
        yield f"{number}\n"
        time.sleep(0.1)


def get(request):
    return request.stream(pieces(), content_type="text/plain")
