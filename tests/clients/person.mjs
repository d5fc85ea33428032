#!/usr/bin/env node
// The browser of programs that open one, as BROWSER names it: the person at PERSON answers what is
// opened, and where they are sent in the end is visited, for there the program waits.
//
//   PERSON=http://… node person.mjs 'http://…/authorize?…'
import { answer } from "./sign_in.mjs";

const landed = await answer(process.env.PERSON, process.argv[2]);
await fetch(landed);
