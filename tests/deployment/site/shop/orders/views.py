from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import render


@login_required
def orders(request):
    return render(request, "shop/orders.html", {"orders": request.user.orders.all()})
