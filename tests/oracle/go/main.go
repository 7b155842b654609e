// SPDX-License-Identifier: Apache-2.0

// Compares "ashlar refs --format json" of a tree with go/parser: every import spec with its
// place and path; and where the go command can load the tree, each edge from package to
// package inside the tree with "go list".
//
//	go run . [-list] -ashlar PROGRAM TREE
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

type reference struct {
	File     string  `json:"file"`
	Line     int     `json:"line"`
	Column   int     `json:"column"`
	Kind     string  `json:"kind"`
	Target   string  `json:"target"`
	Resolved *string `json:"resolved"`
	External bool    `json:"external"`
}

func (r reference) place() string {
	return fmt.Sprintf("%s:%d:%d: %s", r.File, r.Line, r.Column, r.Target)
}

func ashlarReferences(program, tree string) ([]reference, error) {
	command := exec.Command(program, "refs", "--format", "json")
	command.Dir = tree
	command.Stderr = os.Stderr
	output, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	var references []reference
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r reference
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, err
		}
		if strings.HasSuffix(r.File, ".go") {
			references = append(references, r)
		}
	}
	return references, lines.Err()
}

// files lists the Go files that git tracks or does not ignore, else all.
func files(tree string) ([]string, error) {
	command := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard")
	command.Dir = tree
	var names []string
	if output, err := command.Output(); err == nil {
		for _, name := range strings.Split(string(output), "\n") {
			if strings.HasSuffix(name, ".go") {
				names = append(names, name)
			}
		}
		return names, nil
	}
	err := filepath.WalkDir(tree, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if entry.Type().IsRegular() && strings.HasSuffix(path, ".go") {
			relative, _ := filepath.Rel(tree, path)
			names = append(names, relative)
		}
		return nil
	})
	return names, err
}

// column counts characters, as Ashlar does; go/token counts bytes.
func column(source []byte, offset int) int {
	start := bytes.LastIndexByte(source[:offset], '\n') + 1
	if start == 0 && bytes.HasPrefix(source, []byte("\xEF\xBB\xBF")) {
		start = 3
	}
	return utf8.RuneCount(source[start:offset]) + 1
}

func parse(tree, name string) (specs []reference, broken bool) {
	source, err := os.ReadFile(filepath.Join(tree, name))
	if err != nil {
		return nil, true
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.ImportsOnly|parser.AllErrors)
	broken = err != nil
	if file == nil {
		return nil, true
	}
	var imports []*ast.ImportSpec = file.Imports
	for _, spec := range imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || path == "" {
			continue
		}
		position := set.PositionFor(spec.Path.Pos(), false)
		specs = append(specs, reference{
			File: name, Line: position.Line, Column: column(source, position.Offset+1),
			Kind: "import", Target: strings.ToValidUTF8(path, "\uFFFD"), // as JSON has it
		})
	}
	return specs, broken
}

type summary struct {
	files, broken, references, missing, invented int
	edges, edgesMissing, edgesInvented           int
}

func compareSpecs(tree string, found []reference, sum *summary) error {
	names, err := files(tree)
	if err != nil {
		return err
	}
	left := map[string]int{}
	for _, r := range found {
		left[r.place()]++
	}
	isBroken := map[string]bool{}
	var messages []string
	for _, name := range names {
		specs, broken := parse(tree, name)
		isBroken[name] = broken
		sum.files++
		if broken {
			sum.broken++
		}
		for _, spec := range specs {
			sum.references++
			if left[spec.place()] > 0 {
				left[spec.place()]--
				continue
			}
			sum.missing++
			messages = append(messages, fmt.Sprintf("missing %s (broken file: %v)", spec.place(), broken))
		}
	}
	for _, r := range found {
		if left[r.place()] > 0 {
			left[r.place()]--
			sum.invented++
			messages = append(messages,
				fmt.Sprintf("invented %s (broken file: %v)", r.place(), isBroken[r.File]))
		}
	}
	sort.Strings(messages)
	for _, message := range messages {
		fmt.Println(message)
	}
	return nil
}

type listed struct {
	Dir                                                           string
	ImportPath                                                    string
	Standard                                                      bool
	ForTest                                                       string
	Module                                                        *struct{ Dir, Path string }
	Imports                                                       []string
	TestImports                                                   []string
	XTestImports                                                  []string
	ImportMap                                                     map[string]string
	Match                                                         []string
	GoFiles, CgoFiles, TestGoFiles, XTestGoFiles, CompiledGoFiles []string
}

func list(folder string, arguments ...string) ([]listed, error) {
	command := exec.Command("go", append([]string{"list", "-e", "-json"}, arguments...)...)
	command.Dir = folder
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %v: %s", folder, err, problems.String())
	}
	var packages []listed
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

// listEdges gives the edges from folder to folder that go list knows, from the files that it
// takes on this system, and those files.
func listEdges(tree, folder string) (edges map[string]bool, taken map[string]bool, err error) {
	own, err := list(folder, "./...")
	if err != nil {
		return nil, nil, err
	}
	all, err := list(folder, "-deps", "-test", "./...")
	if err != nil {
		return nil, nil, err
	}
	relative := func(dir string) (string, bool) {
		name, err := filepath.Rel(tree, dir)
		inside := err == nil && name != ".." && !strings.HasPrefix(name, "../")
		if strings.HasPrefix(name, "vendor/") || strings.Contains(name, "/vendor/") {
			inside = false
		}
		if name == "." {
			name = ""
		}
		return name, inside
	}
	folders := map[string]string{}
	for _, p := range append(all, own...) {
		if name, inside := relative(p.Dir); inside && p.Dir != "" && p.ForTest == "" {
			folders[p.ImportPath] = name
		}
	}
	edges, taken = map[string]bool{}, map[string]bool{}
	for _, p := range own {
		from, inside := relative(p.Dir)
		if !inside {
			continue
		}
		for _, group := range [][]string{p.GoFiles, p.CgoFiles, p.TestGoFiles, p.XTestGoFiles} {
			for _, file := range group {
				taken[filepath.Join(from, file)] = true
			}
		}
		for _, group := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for _, path := range group {
				if mapped, is := p.ImportMap[path]; is {
					path = mapped
				}
				if to, inside := folders[path]; inside {
					edges[from+" -> "+to] = true
				}
			}
		}
	}
	return edges, taken, nil
}

func compareEdges(tree string, folders []string, found []reference, sum *summary) error {
	wanted, taken := map[string]bool{}, map[string]bool{}
	for _, folder := range folders {
		edges, files, err := listEdges(tree, filepath.Join(tree, folder))
		if err != nil {
			return err
		}
		for edge := range edges {
			wanted[edge] = true
		}
		for file := range files {
			taken[file] = true
		}
	}
	ours := map[string]bool{}
	for _, r := range found {
		if r.Resolved == nil || !taken[r.File] {
			continue
		}
		from := filepath.Dir(r.File)
		if from == "." {
			from = ""
		}
		ours[from+" -> "+strings.TrimSuffix(*r.Resolved, "/")] = true
	}
	for edge := range wanted {
		sum.edges++
		if !ours[edge] {
			sum.edgesMissing++
			fmt.Println("missing edge", edge)
		}
	}
	for edge := range ours {
		if !wanted[edge] {
			sum.edgesInvented++
			fmt.Println("invented edge", edge)
		}
	}
	fmt.Printf("go list: %d files taken on this system\n", len(taken))
	return nil
}

func run() error {
	program := flag.String("ashlar", "ashlar", "the program")
	modules := flag.String("list", "", "folders of modules to load with go list, by commas")
	flag.Parse()
	if flag.NArg() != 1 {
		return errors.New("usage: go run . [-list FOLDER,...] -ashlar PROGRAM TREE")
	}
	tree, err := filepath.Abs(flag.Arg(0))
	if err == nil {
		tree, err = filepath.EvalSymlinks(tree)
	}
	if err != nil {
		return err
	}
	found, err := ashlarReferences(*program, tree)
	if err != nil {
		return err
	}
	var sum summary
	if err := compareSpecs(tree, found, &sum); err != nil {
		return err
	}
	if *modules != "" {
		if err := compareEdges(tree, strings.Split(*modules, ","), found, &sum); err != nil {
			return err
		}
	}
	fmt.Printf("%d files (%d that go/parser calls broken), %d references, %d missing, %d invented\n",
		sum.files, sum.broken, sum.references, sum.missing, sum.invented)
	if *modules != "" {
		fmt.Printf("%d edges between packages by go list, %d missing, %d invented\n",
			sum.edges, sum.edgesMissing, sum.edgesInvented)
	}
	if sum.missing+sum.invented+sum.edgesMissing+sum.edgesInvented > 0 {
		os.Exit(1)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
