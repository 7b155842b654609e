// SPDX-License-Identifier: Apache-2.0
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.EvaluationResult;
import com.tngtech.archunit.library.Architectures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;

/**
 * Checks with ArchUnit which module may access which: Boundaries RULES JAR... where a line of RULES
 * is "MODULE PACKAGE ALLOWED-MODULE...". Prints each violation and how many there are.
 */
public class Boundaries {
	public static void main(String[] arguments) throws Exception {
		Map<String, String[]> modules = new LinkedHashMap<>();
		for (String line : Files.readAllLines(Path.of(arguments[0]))) {
			String[] words = line.split(" ");
			modules.put(words[0], words);
		}
		Architectures.LayeredArchitecture rule =
			Architectures.layeredArchitecture().consideringOnlyDependenciesInLayers();
		for (String[] words : modules.values())
			rule = rule.layer(words[0]).definedBy(words[1] + "..");
		for (String[] words : modules.values()) {
			String[] allowed = Arrays.copyOfRange(words, 2, words.length);
			rule = allowed.length == 0
				? rule.whereLayer(words[0]).mayNotAccessAnyLayer()
				: rule.whereLayer(words[0]).mayOnlyAccessLayers(allowed);
		}
		List<JarFile> jars = new ArrayList<>();
		for (String path : Arrays.copyOfRange(arguments, 1, arguments.length))
			jars.add(new JarFile(path));
		JavaClasses classes = new ClassFileImporter().importJars(jars);
		EvaluationResult result = rule.evaluate(classes);
		List<String> details = result.getFailureReport().getDetails();
		details.forEach(System.out::println);
		System.out.println(classes.size() + " classes, " + details.size() + " violations");
		System.exit(details.isEmpty() ? 0 : 1);
	}
}
