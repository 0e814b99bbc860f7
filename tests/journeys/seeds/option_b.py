from asok import Asok
app = Asok ()
# Production overrides
app . config [ "DEBUG" ] = False
app . config [ "SECRET_KEY" ] = "your-ultra-secure-64-character-key-here"
app . config [ "APP_URL" ] = "https://myapp.com"
