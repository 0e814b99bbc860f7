# src/pages/profile/page.py
from models.user import User
async def get(request):
    user_id = request.query.get("id")
    # Non-blocking find
    user = await User.find_async(id=user_id)
    if not user:
        request.status(404)
        return "User not found"
    return request.html("page.html", user=user)
async def post(request):
    name = request.form.get("name")
    # Non-blocking save
    user = await User.create_async(name=name, email="new@example.com")
    return request.redirect(f"/profile?id={user.id}")
