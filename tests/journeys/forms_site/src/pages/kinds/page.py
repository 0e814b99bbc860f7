import enum

from asok import Form


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


PAIRS = [("a", "First"), ("b", "Second")]


class Kinds(Form):
    t1 = Form.title("Text")
    text = Form.text("A line", "required")
    email = Form.email("E-mail")
    password = Form.password("Password", "password_strength")
    textarea = Form.textarea("Several lines")
    search = Form.search("Search")
    url = Form.url("Address")
    tel = Form.tel("Telephone")
    phone = Form.phone("Mobile")
    otp = Form.otp("Code")
    tags = Form.tags("Tags", help="Words with commas between them.")
    autocomplete = Form.autocomplete("City", ["Berlin", "Bern"], data_url="/kinds?suggest=1")
    json = Form.json("Extra data")
    wysiwyg = Form.wysiwyg("Story")
    signature = Form.signature("Signature")
    secret = Form.hidden(default="x")
    t2 = Form.title("Numbers and dates")
    number = Form.number("Number", "numeric|max:10")
    range = Form.range("Volume", min=0, max=10, default=3)
    color = Form.color("Color", default="#336699")
    rating = Form.rating("Rating")
    date = Form.date("Day")
    datetime_local = Form.datetime_local("Moment")
    time = Form.time("Time")
    month = Form.month("Month")
    daterange = Form.daterange("Stay")
    timerange = Form.timerange("Opening hours")
    t3 = Form.title("Choices")
    select = Form.select("Choice", PAIRS)
    several = Form.select("Choices", PAIRS, multiple=True)
    dropdown = Form.dropdown("Dropdown", PAIRS)
    enum = Form.enum("Level", Level)
    cascading = Form.cascading("Country", {"Europe": [("de", "Germany")], "Asia": [("jp", "Japan")]})
    radio = Form.radio("Plan", PAIRS)
    checkbox = Form.checkbox("Agreed")
    toggle = Form.toggle("Notify me")
    transfer = Form.transfer("Teams", PAIRS)
    treeselect = Form.treeselect("Place", [("h", "House", [("r", "Room")]), ("g", "Garden")])
    t4 = Form.title("Files")
    file = Form.file("File")
    image = Form.image("Picture")
    files = Form.files("Files")
    dropzone = Form.dropzone("Drop files")


def render(request):
    if request.query.get("suggest"):
        return request.json(["Bergen", "Berlin", "Bern"])
    form = Kinds(request)
    if form.validate():
        return request.json({name: str(value) for name, value in form.data.items()})
    return request.html("page.html", form=form)
