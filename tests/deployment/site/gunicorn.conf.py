from __future__ import annotations

wsgi_app = "shop.wsgi"
bind = "unix:/run/shop/gunicorn.sock"
workers = 2
threads = 4
# A request header may hold two of our cookies (4 kB each) beside the site's own.
limit_request_field_size = 16380
# If you want gunicorn's access log as well as nginx's: without the query (%(q)s, and %(r)s).
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s "%(a)s"'
