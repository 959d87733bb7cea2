def write(e):
    return ""
