/* tractor/version.h: which tractor this is. */
#ifndef TRACTOR_VERSION_H
#define TRACTOR_VERSION_H

/* Of the headers. What runs may be another, later one with the same first number. */
#define TRACTOR_VERSION "0.1.0"

#endif
