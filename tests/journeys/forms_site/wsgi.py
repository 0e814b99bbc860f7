from asok import Asok

app = Asok()
app.config["SECRET_KEY"] = "forms-0123456789-abcdefghijklmnopqrstuvwxyz"
app.config["APP_URL"] = "http://127.0.0.1"
app.config["ALLOWED_HOSTS"] = ["127.0.0.1"]
app.config["RATE_LIMIT"] = False
app.config["SESSION_SECURE"] = False
