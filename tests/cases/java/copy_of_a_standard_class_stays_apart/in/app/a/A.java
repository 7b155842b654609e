package a;
import java.util.List;
class A {}
