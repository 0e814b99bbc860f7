"""Answers the script of passkeys."""


async def post(request):
    return await request.auth.passkeys.handle_async()
