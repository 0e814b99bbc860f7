async def get(request):
    return f"<h1>Own 418</h1><p>{request.error_message}</p>"
