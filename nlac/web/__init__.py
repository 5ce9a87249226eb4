"""The web page of `nlac serve`: see, hear and compare recordings, train and try models.

`nlac.web.app.create_app` makes the application. It needs the extra ``web``.
"""
