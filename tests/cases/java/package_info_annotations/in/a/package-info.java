/** {@link Nope} */
@Own
package a;
