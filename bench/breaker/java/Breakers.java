// SPDX-License-Identifier: Apache-2.0
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What a permitted call of resilience4j that succeeds costs a thread: Breakers THREADS CALLS. */
public final class Breakers {
	/** Calls that are timed at once; the median counts. */
	private static final int PIECE = 10000;

	private static void call(CircuitBreaker breaker) {
		for (int i = 0; i < PIECE; i++) {
			breaker.acquirePermission();
			long began = breaker.getCurrentTimestamp();
			breaker.onSuccess(breaker.getCurrentTimestamp() - began, TimeUnit.NANOSECONDS);
		}
	}

	/** Threads begin each piece together. */
	private static double measure(CircuitBreaker breaker, int calls, AtomicLong arrived, int threads) {
		long[] pieces = new long[calls / PIECE];
		for (int i = 0; i < pieces.length; i++) {
			arrived.incrementAndGet();
			while (arrived.get() < (i + 1L) * threads)
				Thread.onSpinWait();
			long start = System.nanoTime();
			call(breaker);
			pieces[i] = System.nanoTime() - start;
		}
		Arrays.sort(pieces);
		return (double) pieces[pieces.length / 2] / PIECE;
	}

	public static void main(String[] arguments) throws Exception {
		int threads = Integer.parseInt(arguments[0]), calls = Integer.parseInt(arguments[1]);
		CircuitBreaker breaker = CircuitBreaker.ofDefaults("bench");
		double[] took = new double[threads];
		for (int round = 0; round < 3; round++) { // the first two warm up
			Thread[] all = new Thread[threads];
			AtomicLong arrived = new AtomicLong();
			for (int i = 0; i < threads; i++) {
				int mine = i;
				all[i] = new Thread(() -> took[mine] = measure(breaker, calls, arrived, threads));
				all[i].start();
			}
			for (Thread one : all)
				one.join();
		}
		double sum = 0;
		for (double one : took)
			sum += one;
		System.out.printf(Locale.ROOT, "{\"resilience4j\": %.2f}%n", sum / threads);
	}
}
