package java.util;
public interface Iterator {}
