#include H
