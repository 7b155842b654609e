package b;

class Private {
}
