# src/pages/users/page.py
from models.user import User
async def get(request):
    # Perform non-blocking database query
    users = await User.all_async()
    return request.html("page.html", users=users)
