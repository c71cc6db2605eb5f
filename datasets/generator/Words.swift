/// The word lists of the generated text.
enum Words {
    static let months: [String] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let clockMinutes: [String] = ["05", "10", "15", "20", "25", "30", "35", "40", "45", "50", "55"]
    static let letters: [String] = "ABCDEFGHKLMNPRSTVWXZ".map { String($0) }
    static let trees: [String] = [
        "Alder", "Ash", "Birch", "Cedar", "Elm", "Hazel", "Juniper", "Larch", "Linden", "Maple", "Oak", "Poplar",
        "Rowan",
        "Spruce", "Walnut", "Willow",
    ]
    static let streets: [String] = ["Street", "Lane", "Road", "Square", "Row", "Hill"]
    static let colours: [String] = [
        "amber", "black", "blue", "brown", "copper", "golden", "green", "grey", "ivory", "orange", "pink", "purple",
        "red",
        "silver", "white", "yellow",
    ]
    static let animals: [String] = [
        "badger", "bear", "crane", "crow", "deer", "dolphin", "eagle", "fox", "frog", "goat", "hare", "hawk", "heron",
        "horse", "lion", "lynx", "moth", "otter", "owl", "rabbit", "raven", "salmon", "seal", "snail", "stork", "swan",
        "tiger", "turtle", "whale", "wolf",
    ]
    static let flavours: [String] = [
        "almond", "apple", "barley", "bean", "carrot", "cheese", "cherry", "chestnut", "garlic", "ginger", "honey",
        "lemon", "mushroom", "onion", "pear", "pepper", "plum", "potato", "pumpkin", "spinach", "tomato", "walnut",
    ]
    static let dishes: [String] = [
        "bread", "broth", "cake", "dumplings", "noodles", "pancakes", "pie", "pudding", "rolls", "salad", "soup",
        "stew",
        "tart", "waffles",
    ]
    static let firstNames: [String] = [
        "Ada", "Agnes", "Albert", "Alma", "Anton", "Arthur", "Astrid", "Beatrice", "Bruno", "Carla", "Casper", "Clara",
        "Conrad", "Cora", "Daniel", "Dora", "Edgar", "Edith", "Elena", "Emil", "Erik", "Esther", "Eva", "Felix",
        "Fiona",
        "Flora", "Frank", "Frida", "George", "Gloria", "Greta", "Gustav", "Hanna", "Harold", "Hector", "Helen", "Hugo",
        "Ida",
        "Igor", "Irene", "Ivan", "Jasper", "Johanna", "Jonas", "Judith", "Julia", "Karl", "Katrin", "Laura", "Leo",
        "Leonora",
        "Lina", "Louis", "Lucia", "Magnus", "Marcus", "Marta", "Martin", "Matilda", "Max", "Mira", "Nadia", "Nathan",
        "Nina",
        "Nora", "Olga", "Oliver", "Oscar", "Otto", "Paula", "Peter", "Petra", "Philip", "Ralph", "Rita", "Robert",
        "Rosa",
        "Ruben", "Ruth", "Samuel", "Sara", "Selma", "Simon", "Sofia", "Stella", "Sven", "Thea", "Theo", "Thomas",
        "Tilda",
        "Ursula", "Vera", "Victor", "Viola", "Walter", "Wanda", "Werner", "Wilma", "Xaver", "Yvonne",
    ]
}
