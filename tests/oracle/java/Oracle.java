/* SPDX-License-Identifier: Apache-2.0 */
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.ModuleTree;
import com.sun.source.tree.PackageTree;
import com.sun.source.tree.RequiresTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.TypeElement;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Prints what javac knows of a tree's references, tab-separated:
 * I FILE LINE COLUMN TARGET WHERE - an import, or a module that is required
 * N FILE NAME WHERE - a type of another file by its simple name, without an import for it
 * H FILE NAME WHERE - the same for a nested type that is inherited or imported with a star
 * Q FILE NAME WHERE - a qualified name in the code
 * U FILE NAME - an identifier of which javac does not know what it is
 * E FILE - a file with a syntax error
 * WHERE is a file of the tree, a package ("package:a.b"), or "-" for everything else.
 */
public final class Oracle {
	private final Path root;
	private final boolean attribute;
	private final PrintStream out;
	private Trees trees;
	private final Map<String, String> fileOfType = new HashMap<>();

	private Oracle(Path root, boolean attribute, PrintStream out) {
		this.root = root;
		this.attribute = attribute;
		this.out = out;
	}

	public static void main(String[] args) throws IOException {
		Path root = Path.of(args[0]).toRealPath();
		boolean attribute = args.length < 2 || !args[1].equals("--imports-only");
		try (PrintStream out = new PrintStream(System.out, false, "UTF-8")) {
			new Oracle(root, attribute, out).run();
		}
	}

	private List<Path> sources() throws IOException {
		try (Stream<Path> all = Files.walk(root)) {
			return all.filter(path -> path.toString().endsWith(".java")
				&& Files.isRegularFile(path)).sorted().toList();
		}
	}

	private void run() throws IOException {
		JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
		DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
		StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
		List<Path> types = new ArrayList<>();
		List<Path> modules = new ArrayList<>();
		for (Path path : sources())
			(path.endsWith("module-info.java") ? modules : types).add(path);
		if (attribute) {
			report(compiler, files, diagnostics, types, true);
			report(compiler, files, diagnostics, modules, false);
		} else {
			types.addAll(modules);
			for (int i = 0; i < types.size(); i += 500)
				report(compiler, files, diagnostics,
					types.subList(i, Math.min(types.size(), i + 500)), false);
		}
	}

	private void report(JavaCompiler compiler, StandardJavaFileManager files,
			DiagnosticCollector<JavaFileObject> diagnostics, List<Path> paths,
			boolean resolve) throws IOException {
		if (paths.isEmpty())
			return;
		List<String> options = List.of("-proc:none", "-Xmaxerrs", "1000000", "-nowarn",
			"-XDshould-stop.ifError=FLOW", "-implicit:none", "-encoding", "UTF-8");
		JavacTask task = (JavacTask) compiler.getTask(null, files, diagnostics, options, null,
			files.getJavaFileObjectsFromPaths(paths));
		trees = Trees.instance(task);
		List<CompilationUnitTree> units = new ArrayList<>();
		task.parse().forEach(units::add);
		for (CompilationUnitTree unit : units)
			index(unit);
		if (resolve)
			task.analyze();
		for (CompilationUnitTree unit : units)
			new Scan(unit, resolve).scan(unit, null);
	}

	private String name(CompilationUnitTree unit) {
		return root.relativize(Path.of(unit.getSourceFile().toUri())).toString();
	}

	private static String packageOf(CompilationUnitTree unit) {
		return unit.getPackageName() == null ? "" : unit.getPackageName() + ".";
	}

	private void index(CompilationUnitTree unit) {
		for (Tree tree : unit.getTypeDecls())
			if (tree instanceof com.sun.source.tree.ClassTree type)
				fileOfType.putIfAbsent(packageOf(unit) + type.getSimpleName(), name(unit));
	}

	private final class Scan extends TreePathScanner<Void, Void> {
		private final CompilationUnitTree unit;
		private final boolean resolve;
		private final String file;
		private final CharSequence text;
		private final Set<String> imported = new HashSet<>();
		private final Set<String> told = new HashSet<>();

		Scan(CompilationUnitTree unit, boolean resolve) throws IOException {
			this.unit = unit;
			this.resolve = resolve;
			this.file = name(unit);
			this.text = unit.getSourceFile().getCharContent(true);
			for (ImportTree tree : unit.getImports())
				imported.add(((MemberSelectTree) tree.getQualifiedIdentifier())
					.getIdentifier().toString());
		}

		private long start(Tree tree) {
			return trees.getSourcePositions().getStartPosition(unit, tree);
		}

		/** Characters are counted, not UTF-16 units, and a tab is one. */
		private String place(long position) {
			int line = 1;
			int begin = 0;
			for (int i = 0; i < position; i++) {
				if (text.charAt(i) == '\n') {
					line++;
					begin = i + 1;
				}
			}
			int column = Character.codePointCount(text, begin, (int) position) + 1;
			if (begin == 0 && text.length() > 0 && text.charAt(0) == '\uFEFF')
				column--;
			return line + "\t" + column;
		}

		private TypeElement outermost(Element element) {
			TypeElement found = null;
			for (Element e = element; e != null && e.getKind() != ElementKind.PACKAGE;
					e = e.getEnclosingElement())
				if (e instanceof TypeElement type)
					found = type;
			return found;
		}

		private String where(Element element) {
			if (element == null)
				return "-";
			if (element.getKind() == ElementKind.PACKAGE)
				return "package:" + element;
			TypeElement type = outermost(element);
			return type == null ? "-"
				: fileOfType.getOrDefault(type.getQualifiedName().toString(), "-");
		}

		private Element element(Tree tree) {
			return trees.getElement(new TreePath(getCurrentPath(), tree));
		}

		/** What the longest part of an imported name is that javac knows. */
		private String whereImported(MemberSelectTree name) {
			Tree tree = name;
			boolean star = name.getIdentifier().contentEquals("*");
			for (tree = star ? name.getExpression() : name;
					tree instanceof MemberSelectTree select; tree = select.getExpression()) {
				Element found = element(select);
				if (found instanceof TypeElement)
					return where(found);
				if (star && found != null && tree == name.getExpression())
					return where(found);
			}
			return "-";
		}

		@Override
		public Void visitImport(ImportTree tree, Void unused) {
			MemberSelectTree name = (MemberSelectTree) tree.getQualifiedIdentifier();
			out.println("I\t" + file + "\t" + place(start(name)) + "\t"
				+ name.toString().replaceAll("\\s", "") + "\t"
				+ (resolve ? whereImported(name) : "?"));
			return null;
		}

		@Override
		public Void visitModule(ModuleTree tree, Void unused) {
			for (Tree directive : tree.getDirectives())
				if (directive instanceof RequiresTree requires)
					out.println("I\t" + file + "\t"
						+ place(start(requires.getModuleName())) + "\t"
						+ requires.getModuleName() + "\t?");
			return null;
		}

		@Override
		public Void visitPackage(PackageTree tree, Void unused) {
			return scan(tree.getAnnotations(), null);
		}

		/** Whether the source says so, too: javac puts types where they are inferred. */
		private boolean isWritten(Tree tree, String name) {
			long at = start(tree);
			return at >= 0 && at + name.length() <= text.length()
				&& text.subSequence((int) at, (int) at + name.length()).toString()
					.equals(name);
		}

		private void tell(String kind, String name, Element element) {
			String where = where(element);
			if (!where.equals("-") && !where.equals(file)
					&& told.add(kind + name + where))
				out.println(kind + "\t" + file + "\t" + name + "\t" + where);
		}

		@Override
		public Void visitIdentifier(IdentifierTree tree, Void unused) {
			String name = tree.getName().toString();
			if (!resolve || imported.contains(name) || !isWritten(tree, name))
				return null;
			Element found = trees.getElement(getCurrentPath());
			if (found == null || found.asType().getKind()
					== javax.lang.model.type.TypeKind.ERROR) {
				if (told.add("U" + name))
					out.println("U\t" + file + "\t" + name);
			} else if (found instanceof TypeElement type) {
				boolean top = type.getEnclosingElement().getKind() == ElementKind.PACKAGE;
				tell(top ? "N" : "H", name, type);
			}
			return null;
		}

		@Override
		public Void visitMemberSelect(MemberSelectTree tree, Void unused) {
			Element found = resolve ? trees.getElement(getCurrentPath()) : null;
			if (found instanceof TypeElement type
					&& type.getEnclosingElement().getKind() == ElementKind.PACKAGE) {
				String first = tree.toString().replaceAll("[^\\w$].*", "");
				if (isWritten(tree, first) || !first.matches("\\w+"))
					tell("Q", type.getQualifiedName().toString(), type);
				return null;
			}
			return super.visitMemberSelect(tree, null);
		}
	}
}
