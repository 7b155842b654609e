package a;
@interface Own {}
