package a;
class Node {}
