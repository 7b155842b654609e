// SPDX-License-Identifier: Apache-2.0
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import java.util.Locale;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

/** What a permitted call of resilience4j that succeeds costs a thread: Breakers THREADS CALLS. */
public final class Breakers {
	private static double measure(CircuitBreaker breaker, int calls) {
		long start = System.nanoTime();
		for (int i = 0; i < calls; i++) {
			breaker.acquirePermission();
			long began = breaker.getCurrentTimestamp();
			breaker.onSuccess(breaker.getCurrentTimestamp() - began, TimeUnit.NANOSECONDS);
		}
		return (double) (System.nanoTime() - start) / calls;
	}

	public static void main(String[] arguments) throws Exception {
		int threads = Integer.parseInt(arguments[0]), calls = Integer.parseInt(arguments[1]);
		CircuitBreaker breaker = CircuitBreaker.ofDefaults("bench");
		double[] took = new double[threads];
		for (int round = 0; round < 3; round++) { // the first two warm up
			Thread[] all = new Thread[threads];
			CyclicBarrier together = new CyclicBarrier(threads);
			for (int i = 0; i < threads; i++) {
				int mine = i;
				all[i] = new Thread(() -> {
					try {
						together.await();
					} catch (Exception e) {
						throw new IllegalStateException(e);
					}
					took[mine] = measure(breaker, calls);
				});
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
