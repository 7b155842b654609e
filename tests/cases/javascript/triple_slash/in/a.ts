/// <reference path="types.d.ts" />
/// <reference path="./deep/x.d.ts"/>
/// <reference types="node" />
