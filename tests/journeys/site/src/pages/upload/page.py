import hashlib

# Asked by bare clients; what a form needs has a journey of its own.
CSRF = False


async def post(request):
    return request.json(
        {
            "title": request.form.get("title"),
            "files": [
                {
                    "field": name,
                    "name": file.filename,
                    "type": file.content_type,
                    "size": file.size,
                    "sha": hashlib.sha256(file.content).hexdigest(),
                }
                for name in sorted(request.files)
                for file in request.file_list(name)
            ],
        }
    )
