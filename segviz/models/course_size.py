"""How wide the course's networks are, for images of 128x128 on two cores."""

#: Channels from the finest level to the coarsest. Multiples of 8: processors compute 8 or 16
#: channels at once, and 12 cost as much as 16.
COURSE_WIDTHS = (8, 16, 32, 64, 96)
