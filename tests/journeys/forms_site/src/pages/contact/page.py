from asok import Form, register_rule

register_rule("polite", lambda value, argument, data: "now!" not in value, "Please stay polite.")


class Contact(Form):
    instant = True
    block_name = "main"

    name = Form.text("Name", "required|min:2")
    email = Form.email("E-mail", "required|email", help="We answer to this address.")
    age = Form.number("Age", "integer|min:18")
    topic = Form.select("Topic", [("order", "My order"), ("other", "Something else")], "required")
    urgency = Form.radio("How urgent is it?", [("low", "It can wait"), ("high", "Very")], "required")
    stay = Form.daterange("Your stay")
    message = Form.textarea("Message", "required|max:200|polite", rows=4)
    agree = Form.checkbox("You may keep this message", "required")


saved = []


def render(request):
    form = Contact(request)
    if form.validate():
        saved.append(form.data)
        return request.text(f"saved {len(saved)}: {form.data['name']} {form.data['age']}")
    return request.html("page.html", form=form, saved=len(saved))
