package a;
interface A<T extends Comparable<T>> extends Comparable<T>, B {}
