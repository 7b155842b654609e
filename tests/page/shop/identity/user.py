class User:
    pass


def name(user):
    return '</script><script>alert(1)</script>'
