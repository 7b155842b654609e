package b;

class Near {
}
