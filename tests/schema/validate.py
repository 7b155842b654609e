#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what Ashlar writes for other programs against the schemas of those formats.

validate.py ASHLAR [TREE...]

`check --format json` and `refs --format json` against docs/schema/, `--format sarif` against
the schema of OASIS, `--format codequality` against what GitLab documents, `--format junit` as
XML whose counts agree, on the input of every golden case and on each TREE. The SARIF schema
comes from the npm package @microsoft/jest-sarif and is kept in the build folder. Needs
jsonschema (requirements.txt) and npm. Ends with "N passed, N failed".
"""
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree

from jsonschema import Draft202012Validator, FormatChecker, validators

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SARIF_PACKAGE = '@microsoft/jest-sarif@1.0.0-beta.0'
SARIF_MEMBER = 'package/lib/schemas/sarif-2.1.0-rtm.5.json'
CODE_QUALITY = {
    'type': 'array',
    'items': {
        'type': 'object',
        'required': ['description', 'check_name', 'fingerprint', 'severity', 'location'],
        'properties': {
            'description': {'type': 'string', 'minLength': 1},
            'check_name': {'type': 'string', 'minLength': 1},
            'fingerprint': {'type': 'string', 'pattern': '^[0-9a-f]{32}$'},
            'severity': {'enum': ['info', 'minor', 'major', 'critical', 'blocker']},
            'location': {
                'type': 'object',
                'required': ['path', 'lines'],
                'properties': {
                    'path': {'type': 'string', 'pattern': '^[^/]'},
                    'lines': {
                        'type': 'object',
                        'required': ['begin'],
                        'properties': {'begin': {'type': 'integer', 'minimum': 1}},
                    },
                },
            },
        },
    },
}


def sarif_validator(folder):
    kept = os.path.join(folder, 'sarif-2.1.0.schema.json')
    if not os.path.exists(kept):
        with tempfile.TemporaryDirectory() as temporary:
            subprocess.run(['npm', 'pack', '--silent', SARIF_PACKAGE], cwd=temporary, check=True,
                           stdout=subprocess.DEVNULL)
            with tarfile.open(os.path.join(temporary, os.listdir(temporary)[0])) as package:
                content = package.extractfile(SARIF_MEMBER).read()
        os.makedirs(folder, exist_ok=True)
        with open(kept, 'wb') as out:
            out.write(content)
    with open(kept, encoding='utf-8') as file:
        schema = json.load(file)
    return validators.validator_for(schema)(schema, format_checker=FormatChecker())


def own_schema(name):
    with open(os.path.join(TOP, 'docs/schema', name), encoding='utf-8') as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def first_error(validator, value):
    for error in validator.iter_errors(value):
        return f'{"/".join(map(str, error.absolute_path))}: {error.message}'
    return None


def junit_error(text):
    root = ElementTree.parse(io.BytesIO(text)).getroot()
    for name, tag in (('tests', 'testcase'), ('failures', 'failure'), ('errors', 'error'),
                      ('skipped', 'skipped')):
        met = len(root.findall(f'.//{tag}'))
        suites = sum(int(suite.get(name)) for suite in root.findall('testsuite'))
        if not met == suites == int(root.get(name)):
            return f'{name}: {root.get(name)} declared, {suites} in suites, {met} met'
    names = [(case.get('classname'), case.get('name')) for case in root.iter('testcase')]
    return None if len(names) == len(set(names)) else 'two test cases have the same name'


def code_quality_error(validator, report):
    prints = [finding['fingerprint'] for finding in report]
    if len(prints) != len(set(prints)):
        return 'two findings have the same fingerprint'
    return first_error(validator, report)


def run(program, arguments, tree):
    return subprocess.run([program, *arguments], cwd=tree, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=120)


def checks(known):
    def lines(text):
        errors = (first_error(known['reference'], json.loads(line))
                  for line in text.splitlines())
        return next((error for error in errors if error), None)

    return [
        (['check', '--format', 'json'],
         lambda text: first_error(known['check'], json.loads(text))),
        (['check', '--format', 'sarif'],
         lambda text: first_error(known['sarif'], json.loads(text))),
        (['check', '--format', 'codequality'],
         lambda text: code_quality_error(known['codequality'], json.loads(text))),
        (['check', '--format', 'junit'], junit_error),
        (['refs', '--format', 'json'], lines),
    ]


def trees(arguments, temporary):
    yield from map(os.path.abspath, arguments)
    cases = os.path.join(TOP, 'tests/cases')
    for number, (folder, folders, _) in enumerate(sorted(os.walk(cases))):
        if 'in' in folders:
            folders.clear()
            copy = os.path.join(temporary, str(number))
            shutil.copytree(os.path.join(folder, 'in'), copy, symlinks=True)
            yield copy


def main():
    program = os.path.abspath(sys.argv[1])
    known = {
        'check': own_schema('check.schema.json'),
        'reference': own_schema('reference.schema.json'),
        'sarif': sarif_validator(os.path.join(TOP, 'build/schema')),
        'codequality': Draft202012Validator(CODE_QUALITY),
    }
    passed = failed = refused = 0
    with tempfile.TemporaryDirectory(prefix='ashlar-schema-') as temporary:
        for tree in trees(sys.argv[2:], temporary):
            for arguments, error_of in checks(known):
                result = run(program, arguments, tree)
                if result.returncode == 2:  # a contract that is wrong on purpose
                    refused += 1
                    continue
                try:
                    error = error_of(result.stdout)
                except ValueError as wrong:
                    error = f'{wrong}; it ended with {result.returncode}: {result.stderr[-2000:]}'
                passed += error is None
                failed += error is not None
                if error:
                    print(f'FAILED {tree}: {" ".join(arguments)}: {error}')
    print(f'{refused} runs were refused for their contracts')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


sys.exit(main())
