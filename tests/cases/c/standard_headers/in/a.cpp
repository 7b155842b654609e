#include <stdio.h>
#include <vector>
#include <sys/socket.h>
#include <immintrin.h>
#include "string.h"
#include <bits/stdc++.h>
