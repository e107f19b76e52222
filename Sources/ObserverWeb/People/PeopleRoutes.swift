import HTTPRouting
import HTTPTypes
import ObserverCore

extension Routes {
    static func addPeople(to router: inout Router<Endpoint>) {
        router.add(.get, Links.signIn, to: .page(nil, SessionFormHandlers.signInPage))
        router.add(.post, Links.signIn, to: .page(nil, SessionFormHandlers.signIn))
        router.add(.post, Links.signOut, to: .page(.viewer, SessionFormHandlers.signOut))
        router.add(.get, Links.account, to: .page(.viewer, AccountHandlers.show))
        router.add(.post, Links.account, to: .page(.viewer, AccountHandlers.save))
    }
}
