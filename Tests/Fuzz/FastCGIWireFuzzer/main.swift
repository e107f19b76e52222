import FuzzRunner

runFuzzer { testOneInput($0, $1) }
