package java.util;
import java.util.Iterator;
public interface List {}
