import Glibc
import ObserverConfiguration
import ObserverWeb

exit(WebProgram.run(environment: ProcessEnvironment.current()))
