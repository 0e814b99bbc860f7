import threading


def get(request):
    return request.text(str(threading.current_thread() is threading.main_thread()))
