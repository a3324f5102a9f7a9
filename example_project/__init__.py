"""An existing Django site, made real: Slow Wheel, a pottery workshop that takes bookings."""
